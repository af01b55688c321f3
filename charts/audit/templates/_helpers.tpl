{{/*
This chart's names for the shared rules (charts/service/templates/_names.tpl).
*/}}

{{/*
Expand the name of the chart.
*/}}
{{- define "audit.name" -}}
{{- include "service.name" . }}
{{- end }}

{{/*
Create a default fully qualified app name.
*/}}
{{- define "audit.fullname" -}}
{{- include "service.fullname" . }}
{{- end }}

{{/*
Create chart name and version as used by the chart label.
*/}}
{{- define "audit.chart" -}}
{{- include "service.chart" . }}
{{- end }}

{{/*
Common labels
*/}}
{{- define "audit.labels" -}}
{{- include "service.labels" . }}
{{- end }}

{{/*
Selector labels
*/}}
{{- define "audit.selectorLabels" -}}
{{- include "service.selectorLabels" . }}
{{- end }}
