{{/*
This chart's names for the shared rules (charts/service/templates/_names.tpl).
*/}}

{{/*
Expand the name of the chart.
*/}}
{{- define "recurring.name" -}}
{{- include "service.name" . }}
{{- end }}

{{/*
Create a default fully qualified app name.
*/}}
{{- define "recurring.fullname" -}}
{{- include "service.fullname" . }}
{{- end }}

{{/*
Create chart name and version as used by the chart label.
*/}}
{{- define "recurring.chart" -}}
{{- include "service.chart" . }}
{{- end }}

{{/*
Common labels
*/}}
{{- define "recurring.labels" -}}
{{- include "service.labels" . }}
{{- end }}

{{/*
Selector labels
*/}}
{{- define "recurring.selectorLabels" -}}
{{- include "service.selectorLabels" . }}
{{- end }}
