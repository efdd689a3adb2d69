#!/usr/bin/env bash
# Tries the operators' shell (a file, as the Terraform module renders it) against an AWS CLI that is played by this script.
set -euo pipefail

# --- the AWS CLI: keeps what it is asked in $PLAY/asked, answers from $PLAY/… ------------------------------------------
if [ "${PLAY_AWS:-}" = 1 ]; then
    printf '%s\n' "$*" >>"$PLAY/asked"
    case "$1 $2" in
        "ecs run-task")
            while [ "$1" != --overrides ]; do shift; done
            printf '%s' "$2" >"$PLAY/overrides"
            cat "$PLAY/started"
            ;;
        "ecs describe-tasks")
            # Runs on for one more look after the log has begun; $PLAY/unseen says how many looks see nothing before it ends.
            looks=$(($(cat "$PLAY/looks" 2>/dev/null || echo 0) + 1))
            echo "$looks" >"$PLAY/looks"
            read -r unseen how <"$PLAY/unseen" || true
            if [ "$looks" -gt 2 ] && [ "$looks" -le $((2 + unseen)) ]; then
                case $how in
                    nothing) echo null ;;
                    *) echo "ExpiredTokenException" >&2 && exit 254 ;;
                esac
            elif [ "$looks" -gt $((2 + unseen)) ]; then
                cat "$PLAY/stopped"
            else
                echo '{"lastStatus": "RUNNING"}'
            fi
            ;;
        "logs get-log-events")
            # No stream at first, then two pages; the token of the end is given again and again, as CloudWatch does.
            looks=$(cat "$PLAY/looks")
            [ "$looks" -le "$(cat "$PLAY/readable")" ] || { echo "ExpiredTokenException" >&2 && exit 254; }
            case "$looks $*" in
                1\ *) echo "ResourceNotFoundException" >&2 && exit 254 ;;
                *--start-from-head*) cat "$PLAY/page1" ;;
                *"--next-token one"*) cat "$PLAY/page2" ;;
                *"--next-token two"*) echo '{"events": [], "nextForwardToken": "two"}' ;;
                *) echo "no such token: $*" >&2 && exit 1 ;;
            esac
            ;;
        *) echo "unexpected: aws $*" >&2 && exit 1 ;;
    esac
    exit
fi

shell=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
PLAY=$(mktemp -d)
trap 'rm -rf "$PLAY"' EXIT
export PLAY ENQUEUER_POLL_SECONDS=0
printf '#!/usr/bin/env bash\nPLAY_AWS=1 exec "%s" "$@"\n' "$self" >"$PLAY/aws"
chmod +x "$PLAY/aws"
export PATH="$PLAY:$PATH"

# shellcheck source=/dev/null
. "$shell"

fail() {
    echo "operator-shell: $*" >&2
    exit 1
}

# Runs a function as an operator would; its answer, log and exit code are in $answer, $log and $code.
try() {
    run enqueuer "$@"
}

run() { # FUNCTION ARGUMENT...
    rm -f "$PLAY/looks" "$PLAY/asked"
    code=0
    answer=$("$@" 2>"$PLAY/log") || code=$?
    log=$(cat "$PLAY/log")
}

is() {
    [ "$2" = "$3" ] || fail "$1: expected «$3», got «$2»"
}

long=$(printf '%016384d' 0)
echo '{"tasks": [{"taskArn": "arn:aws:ecs:ap-northeast-1:123456789012:task/statement-export-enqueuer/0123456789abcdef"}], "failures": []}' >"$PLAY/started"
echo 0 >"$PLAY/unseen"
echo 99 >"$PLAY/readable"

stopped() { # CONTAINERS [REASON]
    jq -n --argjson containers "$1" --arg reason "${2:-}" \
        '{lastStatus: "STOPPED", stopCode: "EssentialContainerExited", stoppedReason: $reason, containers: $containers}' >"$PLAY/stopped"
}

stopped '[{"name": "aws-guardduty-agent-a1", "exitCode": 137}, {"name": "enqueuer", "exitCode": 1}]'
jq -n '{nextForwardToken: "one", events: [
    "{\"timestamp\":\"2026-11-01T00:00:00Z\",\"level\":\"INFO\",\"message\":\"looking\"}",
    "{\"_aws\":{},\"Runs\":1}",
    "{\"period\":\"2026-10\",\"due\":2}"] | map({message: .})}' >"$PLAY/page1"
jq -n --arg long "$long" '{nextForwardToken: "two", events: [$long, "end of a long line", "12", "  done: 100 %"] | map({message: .})}' >"$PLAY/page2"

# What is asked for arrives word by word, whatever is in it.
try resubmit --failed --reason "ticket 123: \"snapshot\" loaded \$again" '*' ''
# shellcheck disable=SC2016
is "command" "$(jq -c . "$PLAY/overrides")" \
    '{"containerOverrides":[{"name":"enqueuer","command":["resubmit","--failed","--reason","ticket 123: \"snapshot\" loaded $again","*",""]}]}'
is "exit code" "$code" 1
is "answer" "$answer" "$(printf '{"period":"2026-10","due":2}\n%send of a long line\n12\n  done: 100 %%' "$long")"
is "log" "$log" "$(printf 'enqueuer: task 0123456789abcdef\n{"timestamp":"2026-11-01T00:00:00Z","level":"INFO","message":"looking"}')"
grep -q -- "--group operator" "$PLAY/asked" || fail "the task is not in the group that the event rule leaves out"
grep -q -- "--network-configuration awsvpcConfiguration=.*assignPublicIp=DISABLED" "$PLAY/asked" || fail "the task is not where schedules start it"
grep -q -- "--log-stream-name enqueuer/enqueuer/0123456789abcdef" "$PLAY/asked" || fail "another log is read"

# A link is signed by the role that may read documents, nothing else is.
try link 2026-10.trade.A0001
is "role of link" "$(jq -r .taskRoleArn "$PLAY/overrides")" "$ENQUEUER_LINKS_ROLE"
try certificate --period 2026-10 --deep
is "role of certificate --deep" "$(jq -r .taskRoleArn "$PLAY/overrides")" "$ENQUEUER_LINKS_ROLE"
try certificate --period 2026-10
is "role of certificate" "$(jq -r .taskRoleArn "$PLAY/overrides")" null
try status
is "role of status" "$(jq -r .taskRoleArn "$PLAY/overrides")" null
try
is "no command" "$(jq -c '.containerOverrides[0].command' "$PLAY/overrides")" '["--help"]'

for expected in 0 75; do
    stopped "[{\"name\": \"enqueuer\", \"exitCode\": $expected}]"
    try sweep
    is "exit code" "$code" "$expected"
done

# A converter of its own: its definition, container, log and, whatever its words, its own role.
stopped '[{"name": "aws-guardduty-agent-a1", "exitCode": 137}, {"name": "converter", "exitCode": 65}]'
run converter --document 2026-10.trade.A0001 --verify
is "command of a converter" "$(jq -c . "$PLAY/overrides")" \
    '{"containerOverrides":[{"name":"converter","command":["--document","2026-10.trade.A0001","--verify"]}]}'
is "exit code of a converter" "$code" 65
is "answer of a converter" "$(printf '%s' "$answer" | head -n 1)" '{"period":"2026-10","due":2}'
case $log in "converter: task 0123456789abcdef"*) ;; *) fail "another program is named: $log" ;; esac
grep -q -- "--task-definition $CONVERTER_TASK_DEFINITION --launch-type FARGATE --group operator" "$PLAY/asked" || fail "another task is started than a converter's"
grep -q -- "--log-group-name $LOG_GROUP --log-stream-name converter/converter/0123456789abcdef" "$PLAY/asked" || fail "another log is read than the converter's"
run converter link
is "role of a converter" "$(jq -r .taskRoleArn "$PLAY/overrides")" null

# A few looks that see nothing are the network's; ten in a row are told, instead of looking for ever.
stopped '[{"name": "enqueuer", "exitCode": 0}]'
for how in failing nothing; do
    echo "9 $how" >"$PLAY/unseen"
    try sweep
    is "exit code after nine looks that see nothing ($how)" "$code" 0
    echo "99 $how" >"$PLAY/unseen"
    try sweep
    is "exit code when nothing is seen ($how)" "$code" 125
    is "looks until nothing is seen ($how)" "$(cat "$PLAY/looks")" 12
    case $log in *"nothing is seen of task 0123456789abcdef any more"*"aws logs tail $ENQUEUER_LOG_GROUP"*) ;; *) fail "that nothing is seen is not said: $log" ;; esac
done
echo 0 >"$PLAY/unseen"
# The log as well, once the task has ended: its looks stand at 3 from then on.
echo 2 >"$PLAY/readable"
try sweep
is "exit code when the log is not to be read" "$code" 125
echo 99 >"$PLAY/readable"

# A task that never ran has no exit code.
stopped '[{"name": "enqueuer"}]' "CannotPullContainerError: not found"
try sweep
is "exit code of a task that never ran" "$code" 125
case $log in *"CannotPullContainerError: not found"*) ;; *) fail "why it never ran is not said: $log" ;; esac

echo '{"tasks": [], "failures": [{"reason": "RESOURCE:FARGATE"}]}' >"$PLAY/started"
try sweep
is "exit code without a task" "$code" 125
case $log in *RESOURCE:FARGATE*) ;; *) fail "why there is no task is not said: $log" ;; esac
