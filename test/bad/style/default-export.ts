// refused by Biome: lint/style/noDefaultExport
export default function nameless() {
  return 1
}
