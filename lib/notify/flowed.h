/* notify/flowed.h - the text part of a mail in lines that reflow.
 *
 * text/plain; format=flowed; delsp=yes (RFC 3676): who knows it joins the lines of a paragraph to
 * the width of the screen, a phone's too; who does not sees lines of at most 72 cells. A Chinese
 * line is cut between characters, hence delsp. Pure. */
#pragma once
#include "base/text.h"

#define SHD_FLOWED_TYPE "text/plain; charset=utf-8; format=flowed; delsp=yes"

/* Appends one paragraph: `text` is a single line without controls. A word that is wider than a
 * line, as a link, stays whole. */
void shd_flowed_paragraph(struct shd_text *out, const char *text);
