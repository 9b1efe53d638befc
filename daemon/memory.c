#include "memory.h"

#include <link.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void shd_memory_trim(void)
{
	malloc_trim(0);
}

/* Whether the loader wrote addresses into the code itself. Debian has no such library. */
static bool has_text_relocations(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		if (object->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		const ElfW(Dyn) *entry = (void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);

		for (; entry->d_tag != DT_NULL; entry++)
			if (entry->d_tag == DT_TEXTREL ||
			    (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL)))
				return true;
	}
	return false;
}

/* Segments that can be written differ from their file, and stay. */
static int drop_object(struct dl_phdr_info *object, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	if (has_text_relocations(object))
		return 0;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W))
			continue;
		uintptr_t from = (object->dlpi_addr + segment->p_vaddr) / page * page;
		uintptr_t to = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;

		/* Advice: where the kernel declines (the vDSO), nothing is lost. */
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void shd_memory_drop_code(void)
{
	dl_iterate_phdr(drop_object, NULL);
}
