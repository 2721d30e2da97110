// For tests that start servers of their own, to crash, copy and promote them.
export { findBinaries } from './binaries.ts'
export { findFreePort, isFreePort } from './ports.ts'
export { chooseRunAs } from './run-as.ts'
