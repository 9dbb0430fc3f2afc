# shellcheck shell=bash
# Talks to the cluster's chat by long polling (--demo=chat), with curl. For the commands of final/docs/beyond-one-loop.md:
#   . final/demos/cluster/talk.sh http://localhost:8888
chat=$1
jar=$(mktemp)
curl -s -o /dev/null -c "$jar" "$chat/"
token=$(awk '$6 == "_xsrf" { print $7 }' "$jar")

# post PATH FIELD [OPTION ...]
post() { curl -s -b "$jar" -H "X-Xsrftoken: $token" "$chat/a/message/$1" -d "$2" "${@:3}"; }

# The texts, and the last id, of the messages on stdin.
texts() { grep -oE '"body": ?"[^"]*"' | cut -d '"' -f 4; }
last_id() { grep -oE '"id": ?"[^"]*"' | tail -n 1 | cut -d '"' -f 4; }

# say TEXT: prints the message as the server has acknowledged it. Fails if it was refused.
say() { post new "body=$1" -f; }

# Prints each message once, for ever: it asks for what came after the last one that it has printed.
# [follow]
follow() {
  local cursor=0 news
  while true; do
    if news=$(post updates "cursor=$cursor" -f); then
      texts <<<"$news"
      cursor=$(last_id <<<"$news")
    else
      sleep 0.1
    fi
  done
}
# [/follow]
