{{/*
The Service in front of the pods.
*/}}
{{- define "service.service" -}}
{{- $service := .Values.service -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "service.fullname" . }}-service
  labels:
    {{- include "service.labels" . | nindent 4 }}
  {{- with $service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $service.type }}
  selector:
    {{- include "service.selectorLabels" . | nindent 4 }}
  ports:
    - name: http
      port: {{ $service.port }}
      targetPort: http
      protocol: TCP
      {{- if and $service.nodePort (ne $service.type "ClusterIP") }}
      nodePort: {{ $service.nodePort }}
      {{- end }}
{{- end }}
