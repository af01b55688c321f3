{{/*
This chart's names for the shared rules (charts/service/templates/_names.tpl).
*/}}

{{/*
Expand the name of the chart.
*/}}
{{- define "frontend.name" -}}
{{- include "service.name" . }}
{{- end }}

{{/*
Create a default fully qualified app name.
*/}}
{{- define "frontend.fullname" -}}
{{- include "service.fullname" . }}
{{- end }}

{{/*
Create chart name and version as used by the chart label.
*/}}
{{- define "frontend.chart" -}}
{{- include "service.chart" . }}
{{- end }}

{{/*
Common labels
*/}}
{{- define "frontend.labels" -}}
{{- include "service.labels" . }}
{{- end }}

{{/*
Selector labels
*/}}
{{- define "frontend.selectorLabels" -}}
{{- include "service.selectorLabels" . }}
{{- end }}
