# Runs a command and tidies up after whoever started it, however that one ended.
# Usage: SIGNAL FOLDER COMMAND...
#   SIGNAL ends the command; FOLDER, unless empty, is removed when the command failed or was ended.
# Standard input is a pipe whose other end only the starter holds: its end of file means "stop".
signal=$1 folder=$2
shift 2
# Whoever signals the whole group (a service manager, say) means the starter, and it will tell us.
trap '' INT TERM HUP
exec 3<&0 # a background job's own standard input is /dev/null
"$@" </dev/null 3<&- &
child=$!
exec >/dev/null 2>&1
(
    nap='' over='' tries=0
    while read -r _ <&3; do :; done
    trap 'over=yes; kill -s KILL "$nap"' USR1
    # A signal sent before the command has its handlers is lost: repeat it, and in the end insist.
    while [ -z "$over" ] && kill -s "$signal" "$child"; do
        sleep 1 &
        nap=$!
        wait "$nap"
        tries=$((tries + 1))
        [ "$tries" -lt 30 ] || signal=QUIT
    done
    exit 0
) &
watch=$!
wait "$child"
code=$?
kill -s USR1 "$watch"
if wait "$watch"; then ended=yes; else ended=''; fi
if [ -n "$folder" ] && { [ -n "$ended" ] || [ "$code" -ne 0 ]; }; then
    rm -rf -- "$folder"
fi
exit "$code"
