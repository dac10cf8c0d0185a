/*
 * Runs a fuzz target over its seeds, without a fuzzer: a test for each
 * file, in the Test Anything Protocol.  A target speaks by crashing, so what
 * counts is that the run comes to its end.
 *
 * SEEDS is where they are, below $top_srcdir; with arguments those files
 * and directories are taken instead.
 */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count;
static size_t prefix; /* octets of a path that are not shown */

static uint8_t *
read_file(const char *path, size_t size)
{
	/* Never larger than the content, so that reading past it is seen. */
	uint8_t *data = malloc(size ? size : 1);
	FILE *file = fopen(path, "rb");
	if (!data || !file || fread(data, 1, size, file) != size) {
		printf("Bail out! %s cannot be read\n", path);
		exit(99);
	}
	fclose(file);
	return data;
}

static int
run_file(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)where;
	if (kind != FTW_F)
		return 0;
	size_t size = (size_t)status->st_size;
	uint8_t *data = read_file(path, size);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	printf("ok %u - %s\n", ++count, path + prefix);
	fflush(stdout);
	return 0;
}

int
main(int argc, char **argv)
{
	char seeds[4096];
	const char *top = getenv("top_srcdir");
	for (int i = 1; i < argc; i++)
		nftw(argv[i], run_file, 16, FTW_PHYS);
	if (argc < 2) {
		snprintf(seeds, sizeof seeds, "%s/%s", top ? top : ".", SEEDS);
		prefix = strlen(seeds) + 1;
		nftw(seeds, run_file, 16, FTW_PHYS);
	}
	printf("1..%u\n", count);
	if (count == 0)
		printf("Bail out! no seeds in %s\n", argc < 2 ? seeds : "the arguments");
	return count == 0 ? 99 : 0;
}
