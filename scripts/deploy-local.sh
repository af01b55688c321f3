#!/usr/bin/env bash
# Deploys the whole application to Minikube on this machine: cluster, images, secrets, Dapr, Redpanda, components, services,
# checks, in the order of the README. Either all of it is new and verified, or all of it is back as it was.
#   scripts/deploy-local.sh [OPTION...]    the options are those of `todoctl up`, such as --only backend or --dry-run
# What it stands for, and what todoctl makes of it (docs/local.md has every step):
#   minikube start --cpus=6 --memory=12288 --driver=docker    step 1, sizes in profiles/local.yaml
#   minikube image build, kubectl create secret               steps 2 and 3; values never in a command line
#   helm install dapr, redpanda; kubectl apply dapr/          steps 4 and 5, pinned versions
#   helm upgrade --install, one service after another         steps 6 to 8, side by side where nothing waits
#   curl the health endpoints                                 step 9, and an event that must arrive
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/deploy.d/todoctl.sh
source scripts/deploy.d/todoctl.sh

find_todoctl
check_machine local "$@"
exec "$todoctl" up local "$@"
