{{/*
The annotations that make Dapr's injector add a sidecar. All values are strings: the injector refuses others.
An entry `dapr.annotations.sidecar-cpu-request` becomes `dapr.io/sidecar-cpu-request`.
*/}}
{{- define "service.daprAnnotations" -}}
{{- $dapr := .Values.dapr }}
{{- if $dapr.enabled }}
dapr.io/enabled: "true"
dapr.io/app-id: {{ default (include "service.fullname" .) $dapr.appId | quote }}
dapr.io/app-port: {{ include "service.scalar" (default .Values.containerPort $dapr.appPort) | quote }}
dapr.io/app-protocol: {{ $dapr.appProtocol | quote }}
dapr.io/log-level: {{ $dapr.logLevel | quote }}
dapr.io/log-as-json: {{ $dapr.logAsJson | quote }}
{{- with $dapr.config }}
dapr.io/config: {{ . | quote }}
{{- end }}
{{- range $name, $value := $dapr.annotations }}
dapr.io/{{ $name }}: {{ include "service.scalar" $value | quote }}
{{- end }}
{{- end }}
{{- end }}
