
# Runs a command of the enqueuer as a task of its own and follows it: its answer is on stdout, its log on stderr, and its exit
# code is returned, as if it ran here. 125 means that the task did not begin, or that its end was not seen. Ctrl-C ends
# the watching, never the task.
enqueuer() {
    run_as_task enqueuer "$ENQUEUER_TASK_DEFINITION" "$ENQUEUER_LOG_GROUP" "$@"
}

# The same of the converter, with the rights and settings that its jobs have: converter --document "$DOCUMENT" --verify
converter() {
    run_as_task converter "$CONVERTER_TASK_DEFINITION" "$LOG_GROUP" "$@"
}

run_as_task() { # PROGRAM TASK_DEFINITION LOG_GROUP ARGUMENT...
    local program=$1 definition=$2 log_group=$3
    shift 3
    local word overrides started task page token next line look stopped='' quiet=0 unseen=0 code
    local -a follow
    [ $# -gt 0 ] || set -- --help

    # A link has the rights of whoever signs it, and contents are compared by who may read them: these alone run with the role that may.
    overrides=$(for word in "$@"; do printf '%s' "$word" | jq -Rs .; done |
        jq -sc --arg program "$program" --arg links "$ENQUEUER_LINKS_ROLE" '
        { containerOverrides: [{ name: $program, command: . }] }
        | .containerOverrides[0].command as $words
        | if $program == "enqueuer" and ($words[0] == "link" or ($words[0] == "certificate" and any($words[]; . == "--deep")))
          then .taskRoleArn = $links else . end') ||
        return 125

    # The event rule enqueuer-task-failed leaves out tasks of this group: whoever started one sees its exit code here.
    started=$(aws ecs run-task --cluster "$ENQUEUER_CLUSTER" --task-definition "$definition" \
        --launch-type FARGATE --group operator --started-by operator --propagate-tags TASK_DEFINITION \
        --network-configuration "$ENQUEUER_NETWORK" --overrides "$overrides" --output json) || return 125
    task=$(printf '%s' "$started" | jq -r '.tasks[0].taskArn // empty')
    if [ -z "$task" ]; then
        printf '%s: no task was started: %s\n' "$program" "$(printf '%s' "$started" | jq -c '.failures')" >&2
        return 125
    fi
    printf '%s: task %s\n' "$program" "${task##*/}" >&2

    token=''
    while [ "$quiet" -lt 3 ]; do
        sleep "${ENQUEUER_POLL_SECONDS:-3}"
        # Asked before the log is read: what is said until the end is read after it.
        if [ -z "$stopped" ]; then
            look=$(aws ecs describe-tasks --cluster "$ENQUEUER_CLUSTER" --tasks "$task" --query 'tasks[0]' --output json |
                jq -c '. // empty') || look=''
            if [ -n "$look" ]; then unseen=0; else unseen=$((unseen + 1)); fi
            stopped=$(printf '%s' "$look" | jq -c 'select(.lastStatus == "STOPPED")')
        fi
        follow=(--start-from-head)
        [ -z "$token" ] || follow=(--next-token "$token")
        # The log begins with the first line: until then there is none.
        if page=$(aws logs get-log-events --log-group-name "$log_group" \
            --log-stream-name "$program/$program/${task##*/}" "${follow[@]}" --output json 2>/dev/null); then
            [ -z "$stopped" ] || unseen=0
        else
            page='{"events": []}'
            # What was there and cannot be read any more would be waited for without end.
            [ -z "$stopped" ] || [ -z "$token" ] || unseen=$((unseen + 1))
        fi
        # Once may be the network; ten times is a session that has ended, or a task that ECS has forgotten.
        if [ "$unseen" -ge 10 ]; then
            printf '%s: nothing is seen of task %s any more (10 looks in a row); it goes on by itself. Its log: aws logs tail %s --log-stream-names %s\n' \
                "$program" "${task##*/}" "$log_group" "$program/$program/${task##*/}" >&2
            return 125
        fi
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
    stopped=$(printf '%s' "$stopped" | jq -c --arg program "$program" '. + (.containers // [] | map(select(.name == $program)) | .[0] | {exitCode, reason})')
    code=$(printf '%s' "$stopped" | jq -r '.exitCode // empty')
    if [ -z "$code" ]; then
        printf '%s: the task ended before the program began: %s\n' "$program" \
            "$(printf '%s' "$stopped" | jq -r '[.stoppedReason, .reason] | map(select(. != null)) | join("; ")')" >&2
        return 125
    fi
    return "$code"
}
