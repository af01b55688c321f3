{{/*
What a pod needs for Dapr's injector to add a sidecar: annotations, the variable that tells the application, and a
token for the sidecar alone. Annotations are all strings: the injector refuses others.
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
dapr.io/volume-mounts: {{ include "service.daprMounts" . | quote }}
{{- $made := list "volume-mounts" }}
{{- if include "service.hasComponents" . }}
{{- $made = list "volume-mounts" "volume-mounts-rw" "inject-pluggable-components" }}
dapr.io/volume-mounts-rw: {{ include "service.daprMountsToWrite" . | quote }}
{{- end }}
{{- range $name, $value := $dapr.annotations | default dict }}
{{- if not (has $name $made) }}
dapr.io/{{ $name }}: {{ include "service.scalar" $value | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
Volumes of the pod that the injector mounts into the sidecar. The sidecar always has a secret store of Kubernetes,
which does not start without a service account's token; the application needs none and gets none.
*/}}
{{- define "service.daprMounts" -}}
dapr-kube-api:/var/run/secrets/kubernetes.io/serviceaccount
{{- with index (.Values.dapr.annotations | default dict) "volume-mounts" }},{{ . }}{{ end }}
{{- end }}

{{/* The sockets of the pod's components, which the sidecar connects to. */}}
{{- define "service.daprMountsToWrite" -}}
dapr-components:{{ include "service.componentSockets" . }}
{{- with index (.Values.dapr.annotations | default dict) "volume-mounts-rw" }},{{ . }}{{ end }}
{{- end }}

{{/* The same files as a service account's token that Kubernetes mounts by itself. */}}
{{- define "service.daprVolumes" -}}
{{- if .Values.dapr.enabled }}
- name: dapr-kube-api
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                apiVersion: v1
                fieldPath: metadata.namespace
{{- end }}
{{- end }}

{{/* DAPR_HTTP_PORT is set by the injector. */}}
{{- define "service.daprEnv" -}}
{{- if .Values.dapr.enabled }}
- name: DAPR_ENABLED
  value: "1"
{{- end }}
{{- end }}
