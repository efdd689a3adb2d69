
# Runs a command of the enqueuer as a task of its own and follows it: its answer is on stdout, its log on stderr, and its exit
# code is returned, as if it ran here. 125 means that the task did not begin, or that its end was not seen. Ctrl-C ends
# the watching, never the task.
enqueuer() {
    local word overrides started task page token next line stopped='' quiet=0 code
    local -a follow
    [ $# -gt 0 ] || set -- --help

    # A link has the rights of whoever signs it: this command alone runs with the role that may read documents.
    overrides=$(for word in "$@"; do printf '%s' "$word" | jq -Rs .; done | jq -sc --arg links "$ENQUEUER_LINKS_ROLE" '
        { containerOverrides: [{ name: "enqueuer", command: . }] }
        | if .containerOverrides[0].command[0] == "link" then .taskRoleArn = $links else . end') || return 125

    # The event rule enqueuer-task-failed leaves out tasks of this group: whoever started one sees its exit code here.
    started=$(aws ecs run-task --cluster "$ENQUEUER_CLUSTER" --task-definition "$ENQUEUER_TASK_DEFINITION" \
        --launch-type FARGATE --group operator --started-by operator --propagate-tags TASK_DEFINITION \
        --network-configuration "$ENQUEUER_NETWORK" --overrides "$overrides" --output json) || return 125
    task=$(printf '%s' "$started" | jq -r '.tasks[0].taskArn // empty')
    if [ -z "$task" ]; then
        printf 'enqueuer: no task was started: %s\n' "$(printf '%s' "$started" | jq -c '.failures')" >&2
        return 125
    fi
    printf 'enqueuer: task %s\n' "${task##*/}" >&2

    token=''
    while [ "$quiet" -lt 3 ]; do
        sleep "${ENQUEUER_POLL_SECONDS:-3}"
        # Asked before the log is read: what is said until the end is read after it.
        [ -n "$stopped" ] || stopped=$(aws ecs describe-tasks --cluster "$ENQUEUER_CLUSTER" --tasks "$task" \
            --query "tasks[?lastStatus=='STOPPED'] | [0]" --output json | jq -c '. // empty')
        follow=(--start-from-head)
        [ -z "$token" ] || follow=(--next-token "$token")
        # The log begins with the first line: until then there is none.
        page=$(aws logs get-log-events --log-group-name "$ENQUEUER_LOG_GROUP" \
            --log-stream-name "enqueuer/enqueuer/${task##*/}" "${follow[@]}" --output json 2>/dev/null) ||
            page='{"events": []}'
        # Metrics are for CloudWatch; lines of the log have a level; all else is the answer. What is longer than 16 KiB
        # arrives in pieces, which are put together again.
        while IFS= read -r line; do
            case $line in
                log*) printf '%s\n' "${line#log}" >&2 ;;
                piece*) printf '%s' "${line#piece}" ;;
                *) printf '%s\n' "${line#answer}" ;;
            esac
        done < <(printf '%s' "$page" | jq -r '.events[].message
            | (try fromjson catch null) as $json
            | if ($json | type) != "object" then (if utf8bytelength >= 16384 then "piece" else "answer" end) + .
              elif $json | has("_aws") then empty
              elif $json | has("level") and has("timestamp") then "log" + .
              else "answer" + . end')
        next=$(printf '%s' "$page" | jq -r '.nextForwardToken // empty')
        # The log ends a little later than its task.
        [ -z "$stopped" ] || [ "$next" != "$token" ] || quiet=$((quiet + 1))
        [ -z "$next" ] || token=$next
    done

    # By name: AWS adds containers of its own to some accounts' tasks (GuardDuty).
    stopped=$(printf '%s' "$stopped" | jq -c '. + (.containers // [] | map(select(.name == "enqueuer")) | .[0] | {exitCode, reason})')
    code=$(printf '%s' "$stopped" | jq -r '.exitCode // empty')
    if [ -z "$code" ]; then
        printf 'enqueuer: the task ended before the program began: %s\n' \
            "$(printf '%s' "$stopped" | jq -r '[.stoppedReason, .reason] | map(select(. != null)) | join("; ")')" >&2
        return 125
    fi
    return "$code"
}
