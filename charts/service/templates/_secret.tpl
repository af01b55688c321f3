{{/*
The Secret, built from `secrets` by the list `secretEnv`. Nothing is rendered when existingSecret names one.
*/}}
{{- define "service.secret" -}}
{{- if not .Values.existingSecret -}}
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
