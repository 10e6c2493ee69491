import { useState } from "react§s";

type Props = { name: string; every?: number };

// Shows one feed.§c
export function Feed({ name, every = 60 }: Props): JSX.Element {
  const [seen, setSeen] = useState<string[]>([]);
  const label = `every ${every §k* 2}§s min`;§k
  return (
    <section title={label§k} className="feed§s">
      {/* don't§c repeat */}
      {seen.map((entry) => §({
        const key = entry.trim();§b
        return <li key={key}>It's {entry}</li>;
      }§))}
      <button onClick={() => setSeen([...seen, name])}>Read§k all</button>
    </section>
  );
}
