// refused: file-name
export const named = 'as a class'
