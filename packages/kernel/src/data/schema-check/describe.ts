import type pg from 'pg'

/** What the server says of a statement before it runs. */
export interface Description {
  /** Type ids of the parameters. */
  readonly params: readonly number[]
  readonly columns: readonly Column[]
}

export interface Column {
  readonly name: string
  readonly typeId: number
  /** The table column it is taken from as it stands; 0 and 0 for an expression. */
  readonly tableId: number
  readonly columnNumber: number
}

/** Has the server parse and describe a statement, without running it. Rejects with its error when it cannot be parsed. */
export function describe(client: pg.Client, text: string): Promise<Description> {
  return new Promise((resolve, reject) => client.query(new Describing(text, resolve, reject)))
}

// Messages of the extended protocol that `pg` has no call for: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
class Describing implements pg.Submittable {
  readonly #text: string
  readonly #resolve: (description: Description) => void
  readonly #reject: (error: Error) => void
  #params: readonly number[] = []
  #columns: readonly Column[] = []

  constructor(text: string, resolve: (description: Description) => void, reject: (error: Error) => void) {
    this.#text = text
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: pg.Connection): void {
    connection.removeAllListeners('parameterDescription') // of one that could not be parsed
    connection.once('parameterDescription', (message: { dataTypeIDs: number[] }) => {
      this.#params = message.dataTypeIDs
    })
    connection.parse({ name: '', text: this.#text, types: [] }, true)
    connection.describe({ type: 'S', name: '' }, true)
    connection.sync()
  }

  handleRowDescription(message: { fields: readonly pg.FieldDef[] }): void {
    this.#columns = message.fields.map(field => ({
      name: field.name,
      typeId: field.dataTypeID,
      tableId: field.tableID,
      columnNumber: field.columnID,
    }))
  }

  handleError(error: Error): void {
    this.#reject(error)
  }

  handleReadyForQuery(): void {
    this.#resolve({ params: this.#params, columns: this.#columns })
  }
}
