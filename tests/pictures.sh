#!/bin/sh
# The pictures in docs/pictures are what the program draws now, well-formed, and small.
set -u
top=${top_srcdir:-$(dirname "$0")/..}
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
failures=0

sh "$top/docs/pictures/make" "$folder" || { echo "docs/pictures/make failed"; exit 1; }
for picture in "$folder"/*.svg "$top"/docs/pictures/*.svg; do
	name=$(basename "$picture")
	cmp -s "$folder/$name" "$top/docs/pictures/$name" && continue
	echo "docs/pictures/$name is not what the program draws: make pictures, and look at it"
	failures=$((failures + 1))
done
for picture in "$top"/docs/pictures/*.svg; do
	[ "$(wc -c <"$picture")" -lt 150000 ] || { echo "$picture is large"; failures=$((failures + 1)); }
	grep -q "(docs/pictures/$(basename "$picture"))" "$top/README.md" ||
		{ echo "README.md does not show $(basename "$picture")"; failures=$((failures + 1)); }
done
echo "$failures wrong"
[ "$failures" -eq 0 ]
