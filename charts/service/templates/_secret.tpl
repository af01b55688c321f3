{{/*
The Secret, built from `secrets` by the list `secretEnv`. Nothing is rendered when existingSecret names one, or when the
service needs none.
*/}}
{{- define "service.secret" -}}
{{- if include "service.buildsSecret" . -}}
apiVersion: v1
kind: Secret
metadata:
  name: {{ include "service.secretName" . }}
  labels:
    {{- include "service.labels" . | nindent 4 }}
type: Opaque
data:
  {{- include "service.secretData" . | trim | nindent 2 }}
{{- end }}
{{- end }}

{{- define "service.buildsSecret" -}}
{{- if and .Values.secretEnv (not .Values.existingSecret) }}true{{ end }}
{{- end }}

{{- define "service.secretData" -}}
{{- range .Values.secretEnv }}
{{- $value := index $.Values.secrets .value }}
{{- if $value }}
{{ .key }}: {{ include "service.scalar" $value | b64enc }}
{{- end }}
{{- else -}}
{}
{{- end }}
{{- end }}
