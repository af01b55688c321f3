module todoctl.local/sandbox/probe

go 1.26
