{{/* Labels of every object. */}}
{{- define "redpanda.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "redpanda.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Labels by which the StatefulSet and the Service find the pod. */}}
{{- define "redpanda.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The name by which the broker tells its clients to come back: the pod's, so that it is the one that holds the records. */}}
{{- define "redpanda.advertised" -}}
{{ printf "%s-0.%s.%s.svc.%s" .Release.Name .Release.Name .Release.Namespace .Values.clusterDomain }}
{{- end }}
