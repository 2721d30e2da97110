// refused: file-name
// TODO finish it // refused: unfinished
export const fixme = 'a string may say FIXME'
