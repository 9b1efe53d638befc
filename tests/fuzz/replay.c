/* Runs a fuzz target on ordinary files instead of the fuzzer's inventions.
 *
 * usage: replay FOLDER...   Every file below the folders, whole and cut off. */
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_BYTES = 256 * 1024, CUTS = 8 };

static size_t files;

static int run(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	if (type != FTW_F || st->st_size > SIZE_MAX_BYTES)
		return 0;
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	size_t size = (size_t)st->st_size;
	uint8_t *data = malloc(size + 1);
	if (data)
		size = fread(data, 1, size, file);
	fclose(file);
	for (size_t i = 1; data && i <= CUTS; i++)
		LLVMFuzzerTestOneInput(data, size * i / CUTS);
	free(data);
	files++;
	return data ? 0 : -1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (nftw(argv[i], run, 16, FTW_PHYS) != 0) {
			perror(argv[i]);
			return 1;
		}
	}
	printf("%zu files\n", files);
	return files ? 0 : 1;
}
