# Makes embedded.c out of the page's sources: awk -f embed.awk NAME=FILE ...
# Each file becomes an array of characters called NAME, a line of the file a
# line of C.  Several arguments with one NAME become one array.

function quoted(line) {
	gsub(/\\/, "\\\\&", line)
	gsub(/"/, "\\\\&", line)
	gsub(/\t/, "\\t", line)
	gsub(/\?\?/, "?\\?", line)
	return "\t\"" line "\\n\""
}

function embed(name, file,    line, status) {
	if (name != last) {
		if (last != "")
			print "\t;"
		print "\nconst char " name "[] ="
		last = name
	}
	while ((status = (getline line < file)) > 0)
		print quoted(line)
	if (status < 0) {
		print "embed.awk: cannot read " file > "/dev/stderr"
		exit 1
	}
	close(file)
}

BEGIN {
	print "/* Made by embed.awk; change the files beside it, not this. */"
	print "#include \"output/html/embedded.h\""
	for (i = 1; i < ARGC; i++) {
		at = index(ARGV[i], "=")
		embed(substr(ARGV[i], 1, at - 1), substr(ARGV[i], at + 1))
	}
	print "\t;"
	exit 0
}
