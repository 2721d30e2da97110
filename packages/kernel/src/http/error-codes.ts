import type { Contract, ErrorCode } from '../contract/index.ts'
import * as kernelErrors from '../contract/kernel-errors.ts'

/** Every error code that the contracts declare or the kernel answers by itself, once each, by name. */
export function errorCodesOf(contracts: readonly Contract[]): ErrorCode[] {
  const declared = contracts.flatMap(each =>
    Object.values(each.operations).flatMap(operation => operation.fails),
  )
  const codes = [...Object.values(kernelErrors), ...declared]
  return [...new Map(codes.map(each => [each.code, each])).values()].sort((a, b) =>
    a.code < b.code ? -1 : 1,
  )
}
