{{/*
The Deployment. The pod itself is in _pod.tpl.
*/}}
{{- define "service.deployment" -}}
{{- include "service.validate" . -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "service.fullname" . }}-deployment
  labels:
    {{- include "service.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicaCount }}
  revisionHistoryLimit: {{ .Values.revisionHistoryLimit }}
  progressDeadlineSeconds: {{ .Values.progressDeadlineSeconds }}
  strategy:
    {{- toYaml .Values.strategy | nindent 4 }}
  selector:
    matchLabels:
      {{- include "service.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "service.labels" . | nindent 8 }}
      annotations:
        {{- include "service.podAnnotations" . | nindent 8 }}
    spec:
      {{- include "service.podSpec" . | nindent 6 }}
{{- end }}

{{/*
The checksums roll the pods when their configuration changes. A change of existingSecret needs none: it is part of the pod.
*/}}
{{- define "service.podAnnotations" -}}
checksum/config: {{ include "service.configData" . | sha256sum }}
{{- if include "service.buildsSecret" . }}
checksum/secret: {{ include "service.secretData" . | sha256sum }}
{{- end }}
{{- include "service.daprAnnotations" . }}
{{- range $name, $value := .Values.podAnnotations }}
{{ $name }}: {{ include "service.scalar" $value | quote }}
{{- end }}
{{- end }}
