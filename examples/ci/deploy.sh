#!/bin/sh
# deploy.sh ORG/PROJECT/STACK: pulumi up, then the gate: every VM has reported, reseeded before its first key.
#
# In GitHub Actions the job's own OIDC token opens the mint, and nothing is stored. Elsewhere: BOOTSEED_TOKEN_FILE.
set -eu
stack=$1

if [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
  folder=$(mktemp -d)
  BOOTSEED_TOKEN_FILE=$folder/token
  renew() {
    # The request's own token on stdin, where no list of processes shows it; a new file, so that nobody reads half of one.
    printf 'header = "authorization: bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
      curl --fail --silent --show-error --config - "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=bootseed" |
      (umask 077 && jq --raw-output --exit-status .value >"$folder/new") && mv "$folder/new" "$BOOTSEED_TOKEN_FILE"
  }
  renew
  # It lives for minutes, a rollout for longer; the file is read anew for every request. Of the job's output the loop
  # holds nothing: its last sleep would keep the step open.
  while sleep 120; do renew || :; done >/dev/null 2>&1 </dev/null &
  renewer=$!
  trap 'kill $renewer; rm -rf "$folder"' EXIT
  trap 'exit 1' INT TERM
fi
export BOOTSEED_TOKEN_FILE

BOOTSEED_HOST=$(pulumi config get bootseed:host --stack "$stack")
export BOOTSEED_HOST

pulumi up --yes --non-interactive --stack "$stack"
bootseed wait --stack "$stack" --timeout 10m
