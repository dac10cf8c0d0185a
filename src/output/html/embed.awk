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

# The digest of the files' octets in base 64; FILES are quoted for the shell.
function digest(files,    command, hex, bits, i, out, value) {
	command = "cat " files " | { sha256sum || shasum -a 256 || sha256 || openssl dgst -r -sha256; } 2>/dev/null"
	command | getline hex
	close(command)
	hex = substr(hex, 1, 64)
	if (hex !~ /^[0-9a-f]+$/ || length(hex) != 64) {
		print "embed.awk: no SHA-256 by sha256sum, shasum, sha256 or openssl" > "/dev/stderr"
		exit 1
	}
	# Three digits are two letters; 64 digits and two zeros make 44 letters, the last of which is filling.
	hex = hex "00"
	for (i = 1; i <= 64; i += 3) {
		value = (index(digits, substr(hex, i, 1)) - 1) * 256 + (index(digits, substr(hex, i + 1, 1)) - 1) * 16 \
			+ index(digits, substr(hex, i + 2, 1)) - 1
		out = out substr(letters, int(value / 64) + 1, 1) substr(letters, value % 64 + 1, 1)
	}
	return "sha256-" substr(out, 1, 43) "="
}

BEGIN {
	digits = "0123456789abcdef"
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	print "/* Made by embed.awk; change the files beside it, not this. */"
	print "#include \"output/html/embedded.h\""
	for (i = 1; i < ARGC; i++) {
		at = index(ARGV[i], "=")
		name = substr(ARGV[i], 1, at - 1)
		file = substr(ARGV[i], at + 1)
		embed(name, file)
		files[name] = files[name] " '" file "'"
	}
	print "\t;"
	print "\nconst char tf_page_style_hash[] = \"" digest(files["tf_page_style"]) "\";"
	print "const char tf_page_script_hash[] = \"" digest(files["tf_page_script"]) "\";"
	exit 0
}
