import { Closed, contract, query, Type } from '@plaza/kernel/contract'

const Product = Type.String({ minLength: 1, maxLength: 100 })
const Count = Type.Integer({ minimum: 1, maximum: 1_000 })
const Cents = Type.Integer({ minimum: 0 })
const Currency = Type.String({ minLength: 3, maxLength: 3 })

/** B: what one costs. */
export const prices = contract('prices', {
  priceOf: query({
    access: 'internal',
    input: Closed({ product: Product }),
    output: Closed({ product: Product, price: Cents, currency: Currency }),
  }),
})

/** A: what somebody's basket line costs; asks B. Its input is validated, for it comes from the edge. */
export const till = contract('till', {
  quote: query({
    access: 'public',
    input: Closed({ product: Product, count: Count, note: Type.String({ maxLength: 500 }) }),
    output: Closed({
      product: Product,
      count: Count,
      price: Cents,
      total: Cents,
      currency: Currency,
      note: Type.String(),
    }),
  }),
})
