-- Reads feeds.§c
module Feeds (due, label) where

import Data.List (sort)

{- A feed,§c
by its name. -}
data Feed = Feed {name :: String, every :: Int}

due :: Int -> Feed -> Bool
due now feed = now `mod` every feed == 0§k

label :: Feed -> IO ()
label feed = §(do
  let feed' = feed {name = "late§s"}
  putStrLn (name feed' ++ ['§s"']) -- seconds§c
  print (sort [1, 2])§b§)
