{{/*
What a schema cannot say. Everything wrong is reported in one message.
`fail` is used here, not minLength in the schema: `helm lint` must pass on a chart whose secrets are not given yet.
A message names the value, never its content.
*/}}
{{- define "service.validate" -}}
{{- $errors := list }}
{{- if not .Values.existingSecret }}
{{- $hint := "give it in a values file that is not committed, or name a Secret of the cluster with existingSecret" }}
{{- range .Values.secretEnv }}
{{- $value := index $.Values.secrets .value | default "" | toString }}
{{- if and .required (not $value) }}
{{- $errors = append $errors (printf "secrets.%s is required (%s): %s" .value .description $hint) }}
{{- else if and $value (lt (len $value) (int (default 0 .minLength))) }}
{{- $errors = append $errors (printf "secrets.%s must have at least %d characters, it has %d" .value (int .minLength) (len $value)) }}
{{- end }}
{{- end }}
{{- end }}
{{- $taken := list "PORT" "DAPR_ENABLED" }}
{{- range .Values.secretEnv }}
{{- $taken = append $taken .name }}
{{- end }}
{{- range $name, $_ := .Values.extraEnv }}
{{- if has $name $taken }}
{{- $errors = append $errors (printf "extraEnv.%s: the chart sets this variable itself" $name) }}
{{- end }}
{{- end }}
{{- if $errors }}
{{- fail (printf "\n\n%s: %s\n" $.Chart.Name (join (printf "\n%s: " $.Chart.Name) $errors)) }}
{{- end }}
{{- end }}
