package main

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// listContainers prints those that run, or all with -a.
func (c *call) listContainers() error {
	filter := &cri.ContainerFilter{LabelSelector: c.labels}
	if !c.has("a", "all") && !c.has("state", "s") {
		filter.State = &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}
	}
	name, err := regexp.Compile(c.options["name"])
	if err != nil {
		return err
	}
	list, err := c.runtime.ListContainers(c.ctx, &cri.ListContainersRequest{Filter: filter})
	if err != nil {
		return err
	}
	quiet := c.has("quiet", "q")
	if !quiet {
		fmt.Printf("%-14s %-45s %-10s %-28s %s\n", "CONTAINER", "IMAGE", "STATE", "NAME", "POD")
	}
	for _, container := range list.Containers {
		switch {
		case !name.MatchString(container.Metadata.Name):
		case quiet:
			fmt.Println(container.Id)
		default:
			fmt.Printf("%-14.13s %-45.44s %-10s %-28s %s\n", container.Id, container.Image.Image,
				strings.TrimPrefix(container.State.String(), "CONTAINER_"), container.Metadata.Name,
				container.Labels["io.kubernetes.pod.name"])
		}
	}
	return nil
}

func (c *call) stop() error {
	text := c.options["timeout"] + c.options["t"]
	// A duration, of the global option of the same name, is no number of seconds and means: at once.
	seconds, _ := strconv.ParseInt(text, 10, 64)
	for _, id := range c.arguments {
		if _, err := c.runtime.StopContainer(c.ctx, &cri.StopContainerRequest{ContainerId: id, Timeout: seconds}); err != nil {
			return err
		}
		fmt.Println(id)
	}
	return nil
}

func (c *call) remove() error {
	for _, id := range c.arguments {
		if c.has("force", "f") {
			// One that has ended already cannot be stopped; removing it tells.
			_, _ = c.runtime.StopContainer(c.ctx, &cri.StopContainerRequest{ContainerId: id})
		}
		if _, err := c.runtime.RemoveContainer(c.ctx, &cri.RemoveContainerRequest{ContainerId: id}); err != nil {
			return err
		}
		fmt.Println(id)
	}
	return nil
}

// logs prints the text of a container's log file, without the time and stream before each line.
func (c *call) logs() error {
	if len(c.arguments) == 0 {
		return errors.New("logs needs a container")
	}
	status, err := c.runtime.ContainerStatus(c.ctx, &cri.ContainerStatusRequest{ContainerId: c.arguments[0]})
	if err != nil {
		return err
	}
	lines := c.options["tail"]
	if lines == "" {
		lines = "+1"
	}
	arguments := []string{"-n", lines}
	if c.has("follow", "f") {
		arguments = append(arguments, "-F")
	}
	tail := exec.Command("tail", append(arguments, status.Status.LogPath)...)
	output, err := tail.StdoutPipe()
	if err != nil {
		return err
	}
	if err := tail.Start(); err != nil {
		return err
	}
	scanner := bufio.NewScanner(output)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		if fields := strings.SplitN(scanner.Text(), " ", 4); len(fields) == 4 {
			fmt.Println(fields[3])
		}
	}
	return tail.Wait()
}

func (c *call) listPods() error {
	list, err := c.runtime.ListPodSandbox(c.ctx, &cri.ListPodSandboxRequest{})
	if err != nil {
		return err
	}
	for _, pod := range list.Items {
		fmt.Println(pod.Id, pod.State, pod.Metadata.Namespace, pod.Metadata.Name)
	}
	return nil
}

func (c *call) stopPods() error {
	for _, id := range c.arguments {
		if _, err := c.runtime.StopPodSandbox(c.ctx, &cri.StopPodSandboxRequest{PodSandboxId: id}); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) removePods() error {
	if err := c.stopPods(); err != nil {
		return err
	}
	for _, id := range c.arguments {
		if _, err := c.runtime.RemovePodSandbox(c.ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id}); err != nil {
			return err
		}
	}
	return nil
}
