// refused: import-rule
export const nobodyWroteARuleForThisFolder = true
