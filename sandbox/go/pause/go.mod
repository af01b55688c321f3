module todoctl.local/sandbox/pause

go 1.26
