"""What pages are made of: state, controls and charts. The only part of the package that imports Streamlit."""
