{{/*
The pod: one container, hardened to Pod Security "restricted" by the defaults of the charts, and those of _components.tpl.
*/}}
{{- define "service.podSpec" -}}
serviceAccountName: {{ include "service.serviceAccountName" . }}
automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with include "service.componentContainers" . | trim }}
initContainers:
  {{- . | nindent 2 }}
{{- end }}
containers:
  - {{ include "service.container" . | indent 4 | trim }}
{{- with include "service.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- range $field := list "imagePullSecrets" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" }}
{{- with index $.Values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* The volumes of the values, those of Dapr's sidecar, and those of the containers beside it. */}}
{{- define "service.volumes" -}}
{{- with .Values.volumes }}
{{- toYaml . }}
{{- end }}
{{- include "service.daprVolumes" . }}
{{- include "service.componentVolumes" . }}
{{- end }}

{{- define "service.container" -}}
name: {{ .Chart.Name }}
image: {{ printf "%s:%s" .Values.image.repository (include "service.scalar" .Values.image.tag) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
ports:
  - name: http
    containerPort: {{ .Values.containerPort }}
    protocol: TCP
envFrom:
  - configMapRef:
      name: {{ include "service.fullname" . }}-config
env:
  {{- include "service.env" . | nindent 2 }}
{{- range $probe := list "startupProbe" "readinessProbe" "livenessProbe" }}
{{- with index $.Values $probe }}
{{ $probe }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
{{- with .Values.volumeMounts }}
volumeMounts:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "service.env" -}}
- name: PORT
  value: {{ include "service.scalar" .Values.containerPort | quote }}
{{- include "service.daprEnv" . }}
{{- range .Values.secretEnv }}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "service.secretName" $ }}
      key: {{ .key }}
      {{- if not .required }}
      optional: true
      {{- end }}
{{- end }}
{{- range $name, $value := .Values.extraEnv }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $name }}
  value: {{ include "service.scalar" $value | quote }}
{{- end }}
{{- end }}
{{- end }}
