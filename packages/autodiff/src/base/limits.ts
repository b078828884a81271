/** Most elements that one tensor may have: positions are whole numbers of 32 bits. */
export const mostElements: number = 2 ** 31 - 1;
