{{/*
The ConfigMap: every entry of `config`, as an environment variable. llmProvider becomes LLM_PROVIDER.
*/}}
{{- define "service.configmap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "service.fullname" . }}-config
  labels:
    {{- include "service.labels" . | nindent 4 }}
data:
  {{- include "service.configData" . | trim | nindent 2 }}
{{- end }}

{{- define "service.configData" -}}
{{- range $name, $value := .Values.config }}
{{- if not (kindIs "invalid" $value) }}
{{ $name | snakecase | upper }}: {{ include "service.scalar" $value | quote }}
{{- end }}
{{- else -}}
{}
{{- end }}
{{- end }}

{{/* A value as text. Helm reads numbers as floats, and large ones would be written as 1e+06. */}}
{{- define "service.scalar" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}
{{- int64 . }}
{{- else }}
{{- . }}
{{- end }}
{{- end }}
