/* daemon/memory.h - gives back memory that the process has and does not use.
 *
 * On any thread, beside anything that runs; takes milliseconds, so not on the loop. */
#pragma once

/* What a burst of new records took and was freed since. */
void shd_memory_trim(void);

/* Code and constants of the program and its libraries. Most of what is mapped was needed
 * by the start alone, some 15 MB of 20; what is used again comes back by itself, out of the page
 * cache. A breakpoint that a debugger has set meanwhile is lost: call it seldom. */
void shd_memory_drop_code(void);
