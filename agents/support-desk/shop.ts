// The system of record "shop": customers, orders, payments, shipments, tickets, and what the desk does to them.
// Owns the tables; `prepare` makes them in development only. In production SHOP_DATABASE_URL names the real ones,
// and SHOP_MINT_DATABASE_URL the login that makes the tools' tokens there.
// May import countersign and this folder.
import type { DatabaseSystem, Sql } from 'countersign';
import { seedShop } from './shop-data.ts';
import { SHOP_PROTECTION } from './shop-protection.ts';

export const shop: DatabaseSystem = {
  kind: 'database',
  name: 'shop',
  urlEnv: 'SHOP_DATABASE_URL',
  mintUrlEnv: 'SHOP_MINT_DATABASE_URL',
  protect: SHOP_PROTECTION,
  prepare: async (sql, nowMs) => {
    await sql.transaction(async (inside) => {
      for (const statement of TABLES) await inside.query(statement);
      const [seeded] = await inside.query<{ some: boolean }>('select exists (select 1 from shop.customers) as some');
      if (!seeded?.some) await seedShop(inside, nowMs);
    });
  },
};

/** The shop's database, as the actor opened it for one action. */
export function shopOf(context: { readonly access: { database(system: string): Sql } }): Sql {
  return context.access.database(shop.name);
}

/** A time of the database as epoch ms, in a type that every driver returns as a number. */
export function epochMs(column: string): string {
  return `(extract(epoch from ${column}) * 1000)::float8`;
}

/** 2025-03-31, in UTC. */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

// Every effect of the desk is a row under its idempotency key, so that a repeat finds it and does nothing.
const TABLES = [
  'create schema if not exists shop',
  `create table if not exists shop.customers (
     id text primary key, name text not null, email text not null)`,
  `create table if not exists shop.addresses (
     id text primary key, customer_id text not null references shop.customers, recipient text not null,
     street text not null, postal_code text not null, city text not null, country text not null)`,
  `create table if not exists shop.orders (
     id text primary key, customer_id text not null references shop.customers,
     state text not null check (state in ('paid', 'shipped', 'delivered', 'cancelled')),
     currency text not null, address_id text not null references shop.addresses,
     placed_at timestamptz not null, version integer not null default 1)`,
  `create table if not exists shop.order_lines (
     order_id text not null references shop.orders, position integer not null, product text not null,
     quantity integer not null check (quantity > 0), unit_cents integer not null check (unit_cents >= 0),
     primary key (order_id, position))`,
  `create table if not exists shop.payments (
     id text primary key, order_id text not null references shop.orders, method text not null,
     amount_cents integer not null check (amount_cents > 0), captured_at timestamptz not null)`,
  `create table if not exists shop.shipments (
     order_id text primary key references shop.orders, carrier text not null, tracking text not null,
     shipped_at timestamptz not null, delivered_at timestamptz)`,
  `create table if not exists shop.refunds (
     idempotency_key text primary key, order_id text not null references shop.orders,
     amount_cents integer not null check (amount_cents > 0), currency text not null, reason text not null,
     created_at timestamptz not null)`,
  `create table if not exists shop.store_credits (
     idempotency_key text primary key, customer_id text not null references shop.customers,
     order_id text not null references shop.orders, amount_cents integer not null check (amount_cents > 0),
     currency text not null, reason text not null, created_at timestamptz not null)`,
  `create table if not exists shop.tickets (
     id text primary key, customer_id text not null references shop.customers, order_id text references shop.orders,
     subject text not null, state text not null check (state in ('open', 'closed')), opened_at timestamptz not null)`,
  `create table if not exists shop.ticket_messages (
     ticket_id text not null references shop.tickets, position integer not null, author text not null,
     body text not null, sent_at timestamptz not null, primary key (ticket_id, position))`,
  `create table if not exists shop.handovers (
     idempotency_key text primary key, customer_id text not null, conversation_id text not null,
     reason text not null, created_at timestamptz not null)`,
];
