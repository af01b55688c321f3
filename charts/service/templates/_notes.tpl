{{/*
What helm prints after an installation.
*/}}
{{- define "service.notes" -}}
{{- $service := printf "%s-service" (include "service.fullname" .) -}}
{{- $health := .Values.livenessProbe.httpGet.path -}}
Thank you for installing {{ .Chart.Name }}.

Your release is named {{ .Release.Name }}.

To learn more about the release, try:

  $ helm status {{ .Release.Name }} -n {{ .Release.Namespace }}
  $ helm get all {{ .Release.Name }} -n {{ .Release.Namespace }}

{{ .Chart.Name | title }} service is available inside the cluster at:

  http://{{ $service }}.{{ .Release.Namespace }}:{{ .Values.service.port }}
{{- if and .Values.service.nodePort (ne .Values.service.type "ClusterIP") }}

and at port {{ .Values.service.nodePort }} of every node.
{{- end }}

To test the {{ .Chart.Name }}:

  kubectl get --raw /api/v1/namespaces/{{ .Release.Namespace }}/services/{{ $service }}:http/proxy{{ $health }}
{{- end }}
