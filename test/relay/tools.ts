/** Debian has nginx where only root looks. */
export const toolEnvironment = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` }
