/*
 * The page's style and script, as embed.awk puts them into embedded.c.
 */
#ifndef TCPFSM_OUTPUT_HTML_EMBEDDED_H
#define TCPFSM_OUTPUT_HTML_EMBEDDED_H

extern const char tf_picture_style[]; /* picture.css */

#endif
