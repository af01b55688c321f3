{{/*
This chart's names for the shared rules (charts/service/templates/_names.tpl).
*/}}

{{/*
Expand the name of the chart.
*/}}
{{- define "backend.name" -}}
{{- include "service.name" . }}
{{- end }}

{{/*
Create a default fully qualified app name.
*/}}
{{- define "backend.fullname" -}}
{{- include "service.fullname" . }}
{{- end }}

{{/*
Create chart name and version as used by the chart label.
*/}}
{{- define "backend.chart" -}}
{{- include "service.chart" . }}
{{- end }}

{{/*
Common labels
*/}}
{{- define "backend.labels" -}}
{{- include "service.labels" . }}
{{- end }}

{{/*
Selector labels
*/}}
{{- define "backend.selectorLabels" -}}
{{- include "service.selectorLabels" . }}
{{- end }}
