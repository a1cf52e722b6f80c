// The database of the shop of the proof `retail`, in a copy for each conversation: what was not changed is shared. Pure.
import type { JsonObject } from '../../../domain/json.ts';

export interface Address {
  readonly address1: string;
  readonly address2: string;
  readonly city: string;
  readonly state: string;
  readonly country: string;
  readonly zip: string;
}
export interface Payment {
  readonly transaction_type: 'payment' | 'refund';
  readonly amount: number;
  readonly payment_method_id: string;
}
export interface Line {
  readonly name: string;
  readonly product_id: string;
  readonly item_id: string;
  readonly price: number;
  readonly options: JsonObject;
}
export interface Order extends JsonObject {
  readonly order_id: string;
  readonly user_id: string;
  readonly status: string;
  readonly items: readonly (Line & JsonObject)[];
  readonly payment_history: readonly (Payment & JsonObject)[];
}
export interface User extends JsonObject {
  readonly user_id: string;
  readonly email: string;
  readonly name: { readonly first_name: string; readonly last_name: string };
  readonly address: Address & JsonObject;
  readonly payment_methods: {
    readonly [id: string]: { readonly source: string; readonly balance?: number } & JsonObject;
  };
}
export interface Product extends JsonObject {
  readonly name: string;
  readonly product_id: string;
  readonly variants: { readonly [id: string]: Variant & JsonObject };
}
export interface Variant {
  readonly item_id: string;
  readonly options: JsonObject;
  readonly available: boolean;
  readonly price: number;
}
export interface Database {
  readonly products: Readonly<Record<string, Product>>;
  readonly users: Readonly<Record<string, User>>;
  readonly orders: Readonly<Record<string, Order>>;
}

/** The shop says no, in its own words. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

export const refuse = (words: string): never => {
  throw new Refused(words);
};

/** One copy of the shop. What was not changed is shared with all others. */
export interface Shop {
  order(id: string): Order | undefined;
  user(id: string): User | undefined;
  userBy(is: (user: User) => boolean): User | undefined;
  product(id: string): Product | undefined;
  variant(itemId: string): (Variant & JsonObject) | undefined;
  products(): readonly Product[];
  putOrder(order: Order): Order;
  putUser(user: User): User;
  /** As it is now, whole. */
  database(): Database;
  readonly changes: number;
}

export function openShop(base: Database): Shop {
  const orders = new Map<string, Order>();
  const users = new Map<string, User>();
  let changes = 0;
  const own = <T>(of: Readonly<Record<string, T>>, id: string): T | undefined =>
    Object.hasOwn(of, id) ? of[id] : undefined;
  const user = (id: string) => users.get(id) ?? own(base.users, id);
  return {
    order: (id) => orders.get(id) ?? own(base.orders, id),
    user,
    userBy: (is) =>
      Object.keys(base.users)
        .flatMap((id) => user(id) ?? [])
        .find(is),
    product: (id) => own(base.products, id),
    variant: (id) => Object.values(base.products).flatMap(({ variants }) => own(variants, id) ?? [])[0],
    products: () => Object.values(base.products),
    putOrder(order) {
      changes += 1;
      orders.set(order.order_id, order);
      return order;
    },
    putUser(one) {
      changes += 1;
      users.set(one.user_id, one);
      return one;
    },
    database: () => ({
      products: base.products,
      users: { ...base.users, ...Object.fromEntries(users) },
      orders: { ...base.orders, ...Object.fromEntries(orders) },
    }),
    get changes() {
      return changes;
    },
  };
}

export type Input = Readonly<Record<string, unknown>>;

export function textIn(input: Input, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : refuse(`${name} must be a text`);
}

export const isNamed = ({ name, address }: User, input: Input): boolean =>
  name.first_name.toLowerCase() === textIn(input, 'first_name').toLowerCase() &&
  name.last_name.toLowerCase() === textIn(input, 'last_name').toLowerCase() &&
  address.zip === textIn(input, 'zip');
