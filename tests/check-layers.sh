#!/bin/sh
# Holds the direction of the dependencies:
#
#   cli -> check -> output -> wire, flow -> detect -> core -> include
#   cli -> screen -> output
#   cli -> capture, confine -> wire, flow -> detect -> core -> include
#
# It reads the #include lines of src/*/ (and the folders in them) and include/tcpfsm.  core and include
# know no stdio, no heap, no clock and no libpcap; only capture (and the
# program's main, for filters and versions) knows libpcap; capture and output
# do not know each other, and confine knows nobody.
set -u
top=${top_srcdir:-$(dirname "$0")/..}
cd "$top" || exit 99

# The layers that each one may include, itself among them.
allowed() {
	case $1 in
	include) echo ' ' ;;
	core) echo ' core ' ;;
	detect) echo ' detect core ' ;;
	flow) echo ' flow detect core ' ;;
	wire) echo ' wire ' ;;
	capture) echo ' capture wire flow detect core ' ;;
	output) echo ' output wire flow detect core ' ;;
	slice) echo ' slice wire flow detect core ' ;;
	check) echo ' check output core ' ;;
	confine) echo ' confine ' ;;
	screen) echo ' screen output wire flow detect core ' ;;
	cli) echo ' cli screen slice check output capture confine wire flow detect core ' ;;
	*) return 1 ;;
	esac
}

# The headers of the system that a layer must do without.
refused() {
	case $1 in
	include | core) echo ' stdio.h stdlib.h malloc.h time.h sys/time.h unistd.h pcap.h pcap/pcap.h ' ;;
	detect | flow) echo ' stdio.h time.h sys/time.h unistd.h pcap.h pcap/pcap.h ' ;;
	wire) echo ' stdio.h time.h sys/time.h unistd.h ' ;;
	output) echo ' pcap.h pcap/pcap.h ' ;;
	check) echo ' unistd.h sys/time.h pcap.h pcap/pcap.h ' ;;
	*) echo ' ' ;;
	esac
}

failures=0
files=0
fail() {
	echo "$*"
	failures=$((failures + 1))
}

# Layer of FILE, then its directory, then each name that it includes.
check_file() {
	layer=$1 file=$2
	files=$((files + 1))
	may=$(allowed "$layer") || { fail "$file: src/$layer is no layer that tests/check-layers.sh knows"; return; }
	not=$(refused "$layer")
	for name in $(sed -n 's/^[ 	]*#[ 	]*include[ 	]*[<"]\([^>"]*\)[>"].*/\1/p' "$file"); do
		case $not in *" $name "*) fail "$file: $layer must not include <$name>" ;; esac
		case $name in
		tcpfsm/*) continue ;;
		../*) fail "$file: includes \"$name\"; write it relative to src" ;;
		*/*) other=${name%%/*} ;;
		*) continue ;;
		esac
		[ -d "src/$other" ] || continue
		case $may in *" $other "*) ;; *) fail "$file: $layer must not include \"$name\"" ;; esac
	done
}

for file in include/tcpfsm/*.h include/tcpfsm/*.def; do
	check_file include "$file"
done
for directory in src/*/; do
	layer=$(basename "$directory")
	for file in "$directory"*.[ch] "$directory"*/*.[ch] "$directory"*.def; do
		[ ! -f "$file" ] || check_file "$layer" "$file"
	done
done

# Each source file is compiled: one that Makefile.am does not name is dead, or missing from the tarball.
for file in src/*/*.[ch] src/*/*/*.[ch] src/*/*.def include/tcpfsm/*; do
	[ -f "$file" ] || continue
	grep -qF "$file" Makefile.am || fail "$file: not named in Makefile.am"
done

[ "$files" -gt 20 ] || fail "only $files files found below $(pwd)"
echo "$files files, $failures wrong"
[ "$failures" -eq 0 ]
