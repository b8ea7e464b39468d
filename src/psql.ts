/** What a script for psql begins with, so that it does the same whatever the locale and the psqlrc of who runs it. */
export const psqlHead = ['\\set ON_ERROR_STOP on', '\\set AUTOCOMMIT on', '\\encoding UTF8'] as const
