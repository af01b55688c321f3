package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	cri "k8s.io/cri-api/pkg/apis/runtime/v1"
)

// image is one entry of `crictl images --output json`.
type image struct {
	ID          string   `json:"id"`
	RepoTags    []string `json:"repoTags"`
	RepoDigests []string `json:"repoDigests"`
	Size        string   `json:"size"`
	UID         any      `json:"uid"`
	Username    string   `json:"username"`
	Spec        any      `json:"spec"`
	Pinned      bool     `json:"pinned"`
}

func (c *call) listImages() error {
	request := &cri.ListImagesRequest{}
	if len(c.arguments) > 0 {
		request.Filter = &cri.ImageFilter{Image: &cri.ImageSpec{Image: c.arguments[0]}}
	}
	list, err := c.images.ListImages(c.ctx, request)
	if err != nil {
		return err
	}
	found := []image{}
	for _, i := range list.Images {
		found = append(found, image{ID: i.Id, RepoTags: append([]string{}, i.RepoTags...),
			RepoDigests: append([]string{}, i.RepoDigests...), Size: strconv.FormatUint(i.Size, 10),
			Username: i.Username, Pinned: i.Pinned})
	}
	if !c.has("quiet", "q") && (c.options["output"] == "json" || c.options["o"] == "json") {
		return show(map[string]any{"images": found})
	}
	for _, i := range found {
		if c.has("quiet", "q") {
			fmt.Println(i.ID)
		} else {
			fmt.Println(strings.Join(i.RepoTags, ","), i.ID, i.Size)
		}
	}
	return nil
}

// removeImages goes on after an image that is not there, and fails at the end.
func (c *call) removeImages() error {
	failed := false
	for _, name := range c.arguments {
		if err := c.removeImage(name); err != nil {
			fmt.Fprintln(os.Stderr, "ERRO[0000]", err)
			failed = true
		}
	}
	if failed {
		return errors.New("unable to remove the image(s)")
	}
	return nil
}

func (c *call) removeImage(name string) error {
	status, err := c.images.ImageStatus(c.ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
	if err != nil {
		return err
	}
	if status.Image == nil {
		return fmt.Errorf("no such image %s", name)
	}
	if _, err = c.images.RemoveImage(c.ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: name}}); err != nil {
		return err
	}
	for _, tag := range status.Image.RepoTags {
		fmt.Println("Deleted:", tag)
	}
	return nil
}

func (c *call) pull() error {
	if len(c.arguments) == 0 {
		return errors.New("pull needs an image")
	}
	pulled, err := c.images.PullImage(c.ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: c.arguments[0]}})
	if err != nil {
		return fmt.Errorf("pulling image: %w", err)
	}
	fmt.Println("Image is up to date for", pulled.ImageRef)
	return nil
}
