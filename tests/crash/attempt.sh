#!/bin/sh
# One attempt of the crash test: attempt.sh FILE SECONDS [leave]. Its start and end are lines of FILE, each one write.
read -r up _ < /proc/uptime
echo "start $PORTICO_RUN_ID $$ $up" >> "$1"
if [ "$3" = leave ]; then setsid sleep 900 > /dev/null 2>&1 & fi
sleep "$2"
read -r up _ < /proc/uptime
echo "end $PORTICO_RUN_ID $$ $up" >> "$1"
