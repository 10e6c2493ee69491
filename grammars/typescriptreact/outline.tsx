import { useState, type ReactNode } from "react";
import { Feed } from "./feed";

interface Props {
    feed: Feed;
    children?: ReactNode;
}

export const FeedList: FC<Props> = ({ feed, children }: Props) => {
    const [open, setOpen] = useState(false);
    const toggle = () => setOpen(!open);
    return (
        <ul onClick={toggle}>
            {feed.entries.map((entry) => <li key={entry.id}>{entry.title}</li>)}
            {children}
        </ul>
    );
};

export default function App() {
    const feed = new Feed("news");
    return <FeedList feed={feed} />;
}
