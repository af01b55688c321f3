#!/usr/bin/env bash
# Deploys the whole application to Oracle OKE by hand: what .github/workflows/deploy-oke.yml does after every push to main.
#   scripts/deploy-cloud.sh [OPTION...]    the options are those of `todoctl up`, such as --dry-run or --confirm oke
# What it needs in the environment and how one gets it is in docs/oke.md. What it stands for:
#   docker buildx build --platform linux/amd64,linux/arm64 --push    step 2; a tag that OCIR has is not built again
#   oci ce cluster create-kubeconfig                                 into a file of todoctl's own, not ~/.kube/config
#   kubectl create secret                                            step 3, with the pull secret of the registry
#   helm upgrade --install -f charts/*/values-cloud.yaml             steps 4 to 8, components before the services
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/deploy.d/todoctl.sh
source scripts/deploy.d/todoctl.sh

find_todoctl
check_machine oke "$@"
exec "$todoctl" up oke "$@"
