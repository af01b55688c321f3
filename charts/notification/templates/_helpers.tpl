{{/*
This chart's names for the shared rules (charts/service/templates/_names.tpl).
*/}}

{{/*
Expand the name of the chart.
*/}}
{{- define "notification.name" -}}
{{- include "service.name" . }}
{{- end }}

{{/*
Create a default fully qualified app name.
*/}}
{{- define "notification.fullname" -}}
{{- include "service.fullname" . }}
{{- end }}

{{/*
Create chart name and version as used by the chart label.
*/}}
{{- define "notification.chart" -}}
{{- include "service.chart" . }}
{{- end }}

{{/*
Common labels
*/}}
{{- define "notification.labels" -}}
{{- include "service.labels" . }}
{{- end }}

{{/*
Selector labels
*/}}
{{- define "notification.selectorLabels" -}}
{{- include "service.selectorLabels" . }}
{{- end }}
