/** A part that keeps a process from being ready. Names parts and plain reasons only: anybody may read it. */
export interface NotReady {
  readonly part: string
  readonly reason: string
}
