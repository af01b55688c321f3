{{/*
Containers that serve pluggable components of Dapr, for this pod: `dapr.components`, each as in a pod. They are native
sidecars: Kubernetes starts them before the application and Dapr's sidecar, and ends them after both.

Dapr's injector can add them as well (`dapr.annotations.inject-pluggable-components`), but after its sidecar, which looks for
them once, at its own start: it finds none, ends, and is started again. So what stands here, the injector is not asked for.
Kubernetes before 1.29 has no native sidecars: there nothing of this is made, and the injector does it.
*/}}
{{- define "service.hasComponents" -}}
{{- if and .Values.dapr.enabled .Values.dapr.components (semverCompare ">=1.29-0" .Capabilities.KubeVersion.Version) }}true{{ end }}
{{- end }}

{{/* Where daprd looks for sockets when nobody says another place (dapr/dapr v1.18.1, pkg/injector/consts/consts.go). */}}
{{- define "service.componentSockets" -}}
/tmp/dapr-components-sockets
{{- end }}

{{/* The containers, with what the injector would give them: the folder for their sockets, and the variable that names it. */}}
{{- define "service.componentContainers" -}}
{{- if include "service.hasComponents" . }}
{{- $folder := include "service.componentSockets" . }}
{{- range .Values.dapr.components }}
{{- $env := append (.env | default list) (dict "name" "DAPR_COMPONENT_SOCKETS_FOLDER" "value" $folder) }}
{{- $mounts := append (.volumeMounts | default list) (dict "name" "dapr-components" "mountPath" $folder) }}
{{- $own := dict "restartPolicy" "Always" "env" $env "volumeMounts" $mounts }}
- {{ merge $own (omit . "env" "volumeMounts" "restartPolicy") | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end }}

{{/* The folder of the sockets, and an empty one for each other volume that a container mounts and the values do not have. */}}
{{- define "service.componentVolumes" -}}
{{- if include "service.hasComponents" . }}
{{- $known := list "dapr-components" }}
{{- range .Values.volumes }}
{{- $known = append $known .name }}
{{- end }}
- name: dapr-components
  emptyDir: {}
{{- range .Values.dapr.components }}
{{- range .volumeMounts }}
{{- if not (has .name $known) }}
{{- $known = append $known .name }}
- name: {{ .name }}
  emptyDir: {}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
