/*
 * The page's style and script, as embed.awk puts them into embedded.c.
 */
#ifndef TCPFSM_OUTPUT_HTML_EMBEDDED_H
#define TCPFSM_OUTPUT_HTML_EMBEDDED_H

extern const char tf_picture_style[]; /* picture.css */
extern const char tf_page[];          /* page.html */
extern const char tf_page_style[];    /* page.css, picture.css */
extern const char tf_page_script[];   /* the .js files, one behind the other */

/* "sha256-" and the digest in base 64, as a Content-Security-Policy wants it. */
extern const char tf_page_style_hash[];
extern const char tf_page_script_hash[];

#endif
